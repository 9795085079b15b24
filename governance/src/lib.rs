//! Governance for event handlers: audit stamps, ordering rules, compensation, contracts.
pub mod audit;
pub mod contract;
pub mod digest;
pub mod ledger;
pub mod protocol;
