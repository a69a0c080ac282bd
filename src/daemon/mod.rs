//! The room `daemon/`, to be filled.
