//! Uploads without a network: the queue, the way of the bytes, and what is heard. Touch it with what bounds an upload.
