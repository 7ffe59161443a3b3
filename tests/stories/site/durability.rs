//! What was acknowledged is there, whatever dies.
