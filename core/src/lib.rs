//! The transport contract, the bus and the memory transport.
