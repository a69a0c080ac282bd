//! The room `hub/`, to be filled.
