//! Event and handler contracts: reading, checking and compiling them.
