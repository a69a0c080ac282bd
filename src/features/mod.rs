//! The room `features/`, to be filled.
