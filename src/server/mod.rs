//! The room `server/`, to be filled.
