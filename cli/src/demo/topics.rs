//! Cleaning up: the demo's topics are deleted with their groups.

use wingman_hub::core::Kind;
use wingman_hub::core::bus::Bus;
use wingman_scenarios::Scenario;

use crate::problem::Problem;

pub(crate) async fn delete(scenario: &dyn Scenario, bus: &Bus) -> Result<(), Problem> {
    let admin = match bus.transport().admin() {
        Ok(admin) => admin,
        Err(error) if error.kind() == Kind::Unsupported => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for ty in scenario.event_types() {
        admin.delete_topic(&bus.topic_of(ty)?).await?;
    }
    Ok(())
}
