//! The room `decide/`, to be filled.
