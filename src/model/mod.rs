//! The room `model/`, to be filled.
