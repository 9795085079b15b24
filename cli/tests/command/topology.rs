//! What a broker has of the demos, as its adapter tells.

use wingman_hub::core::name::Namespace;
use wingman_scenarios::Scenario;
use wingman_scenarios::agent_loop::AgentLoop;
use wingman_scenarios::publishing::Publishing;

/// The topics of the demos that there are, each with the number of its groups.
pub(crate) fn topics_of(url: &str, namespace: &str) -> Vec<(String, usize)> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bus = wingman_hub::connect(url).await.unwrap();
        let admin = bus.transport().admin().unwrap();
        let mut found = Vec::new();
        for ty in AgentLoop.event_types().iter().chain(Publishing.event_types()) {
            let topic = Namespace::new(namespace).unwrap().topic(ty).unwrap();
            if let Some(info) = admin.inspect(&topic).await.unwrap() {
                found.push((topic.as_str().to_owned(), info.groups.len()));
            }
        }
        found
    })
}
