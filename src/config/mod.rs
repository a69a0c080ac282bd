//! The room `config/`, to be filled.
