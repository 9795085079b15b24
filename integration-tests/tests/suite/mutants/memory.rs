//! A memory broker with small limits, and with less patience than one that is believed to work.

use std::time::Duration;

use wingman_conformance::Timing;
use wingman_core::memory::MemoryLimits;
use wingman_tests::backends::MemoryBackend;

const PAYLOAD_BYTES_MAX: usize = 1 << 16;
const BATCH_MESSAGES_MAX: usize = 64;

pub(super) fn small() -> MemoryBackend {
    let limits = MemoryLimits {
        payload_bytes_max: PAYLOAD_BYTES_MAX,
        batch_messages_max: BATCH_MESSAGES_MAX,
        ..MemoryLimits::default()
    };
    let timing = Timing {
        lease: Duration::from_millis(400),
        retry: Duration::from_millis(300),
        quiet: Duration::from_millis(100),
        patience: Duration::from_secs(2),
        case: Duration::from_secs(20),
    };
    MemoryBackend::with(limits, timing)
}
