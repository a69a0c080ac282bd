//! Tests of HLS as a whole.
