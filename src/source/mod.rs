//! Where audio comes from.

pub mod ring;
pub mod stop;
