//! The room `source/`, to be filled.
