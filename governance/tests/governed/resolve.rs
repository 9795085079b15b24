//! G8: what could not be undone waits for a person; once somebody entitled has decided, the rollback
//! goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use wingman_core::handler::{Failure, Incoming};
use wingman_governance::contract::{Contracts, EventContract, HandlerContract, Level};
use wingman_governance::handshake::Approver;
use wingman_governance::ledger::{LedgerErrorKind, Reader, verify};
use wingman_governance::permission::Tools;
use wingman_governance::protocol::input::{Input, Resolved};
use wingman_governance::protocol::row::{EffectKey, EffectState, FenceState, Resolution};
use wingman_governance::protocol::settings::Settings;
use wingman_governance::{Governor, Running};

use crate::letter::Letter;
use crate::people::{key, principal};
use crate::world::{Asked, Counting, World, asked, until};

/// A tree whose newest two effects cannot be undone, and the people around it.
struct Scene {
    world: World,
    calls: Arc<AtomicU32>,
    olga: Approver,
    gus: Approver,
}

impl Scene {
    fn new() -> Self {
        let (olga, gus) = (key("olga"), key("gus"));
        let painter = HandlerContract::new("painter")
            .mission("Paint")
            .consumes("Asked")
            .tool("count", Level::Write)
            .tool("paint", Level::Write);
        let contracts = Contracts::builder()
            .event(EventContract::new("Asked", 1).purpose("Q").external())
            .handler(painter)
            .principal(principal(&olga, "operator"))
            .principal(principal(&gus, "guest"));
        Self {
            world: World::with(contracts.build().unwrap()),
            calls: Arc::default(),
            olga: Approver::new("olga", olga),
            gus: Approver::new("gus", gus),
        }
    }

    /// Runs until the rollback of its only tree is stuck; returns the tree and what is in quarantine.
    async fn stuck(&self) -> (Running, Reader, String, Vec<EffectKey>) {
        let settings = Settings {
            undo_attempts_max: 1,
            undo_retry: Duration::from_millis(1),
            ..Settings::default()
        };
        let paint = |_: Incoming<Asked>, tools: Tools| async move {
            for (tool, step) in [("count", 1), ("paint", 2), ("paint", 3)] {
                tools.call(tool, json!({ "step": step })).await.map_err(Failure::structural)?;
            }
            Ok::<_, Failure>(())
        };
        let running = Governor::around(self.world.bus(), &self.world.url())
            .contracts(Arc::clone(&self.world.contracts))
            .settings(settings)
            .tool("count", Counting(Arc::clone(&self.calls)))
            .tool("paint", Letter { claims_undo: true })
            .handle("painter", paint)
            .start()
            .await
            .unwrap();
        running.publish(asked("1", 1)).await.unwrap();
        let reader = running.ledger().reader();
        until("all is done", || self.states(&reader) == vec![EffectState::Applied; 3]).await;
        until("it finished", || reader.open_work(None).unwrap().is_none()).await;
        let tree = reader.trees(1).unwrap()[0].to_string();
        running.ledger().transact(vec![Input::Fence { tree: tree.as_str().into() }]).await.unwrap();
        until("the first is stuck", || self.fence(&reader, &tree) == Some(FenceState::Stuck)).await;
        let quarantined = reader.quarantined(10).unwrap().iter().map(|it| it.key).collect();
        (running, reader, tree, quarantined)
    }

    fn states(&self, reader: &Reader) -> Vec<EffectState> {
        let trees = reader.trees(1).unwrap();
        let effects = trees.first().map(|tree| reader.effects_in(tree).unwrap());
        effects.unwrap_or_default().into_iter().map(|it| it.state).collect()
    }

    fn fence(&self, reader: &Reader, tree: &str) -> Option<FenceState> {
        reader.fence(tree).unwrap().map(|it| it.state)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_goes_on_after_each_decision_and_closes_after_the_last() {
    let scene = Scene::new();
    let (running, reader, tree, quarantined) = scene.stuck().await;
    let [newest] = quarantined[..] else { panic!("{quarantined:?}") };
    assert_eq!(newest.index, 2, "what it was built on is not touched before");
    let decide = |by: &Approver, key, resolution| by.resolve(key, resolution);
    let taken = running.resolve(decide(&scene.olga, newest, Resolution::Undone)).await.unwrap();
    assert_eq!(taken, Resolved::Taken);
    until("the second is stuck", || reader.quarantined(10).unwrap().len() == 1).await;
    until("and so the tree", || scene.fence(&reader, &tree) == Some(FenceState::Stuck)).await;
    let second = reader.quarantined(10).unwrap()[0].key;
    assert_eq!(second.index, 1);
    let taken = running.resolve(decide(&scene.olga, second, Resolution::Accepted)).await.unwrap();
    assert_eq!(taken, Resolved::Taken);
    until("it closes", || scene.fence(&reader, &tree) == Some(FenceState::Closed)).await;
    running.stop().await;

    let states = scene.states(&reader);
    assert_eq!(states[0], EffectState::Compensated, "what waited was undone");
    let how: Vec<_> = states[1..]
        .iter()
        .map(|state| match state {
            EffectState::Resolved { resolution, by, signature } => {
                assert!(by == "olga" && !signature.is_empty());
                *resolution
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(how, [Resolution::Accepted, Resolution::Undone]);
    assert!(reader.open_work(None).unwrap().is_none());
    let stamps = reader.stamps(Some(&tree), 0, 1_000).unwrap();
    let texts = |kind: &str| -> Vec<&str> {
        stamps.iter().filter(|it| it.kind == kind).map(|it| it.text.as_str()).collect()
    };
    let resolved = texts("resolved");
    assert!(resolved[0].contains("\nindex 2\nresolution undone\nby olga\n"), "{resolved:?}");
    assert!(resolved[1].contains("\nindex 1\nresolution accepted\nby olga\n"), "{resolved:?}");
    let closed = texts("tree_closed");
    assert!(closed[2].ends_with("\nundone 2\nquarantined 0\naccepted 1\n"), "{closed:?}");
    assert!(verify(&scene.world.url(), None).unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_operator_decides_only_about_a_quarantine_and_only_once() {
    let scene = Scene::new();
    let (running, reader, tree, quarantined) = scene.stuck().await;
    let key_of = |index| EffectKey { index, ..quarantined[0] };
    let undone = |by: &Approver, index| by.resolve(key_of(index), Resolution::Undone);
    let stamps = reader.size().unwrap();

    let stranger = Approver::new("olga", key("olga"));
    let forged = running.resolve(undone(&stranger, 2)).await.unwrap_err();
    assert_eq!(forged.kind(), LedgerErrorKind::Refused);
    let Input::Resolve { effect, by, signature, .. } = undone(&scene.olga, 2) else {
        panic!("it is a resolution")
    };
    let turned = Input::Resolve { effect, resolution: Resolution::Accepted, by, signature };
    let forged = running.resolve(turned).await.unwrap_err();
    assert_eq!(forged.kind(), LedgerErrorKind::Refused, "signed for something else");
    let guest = running.resolve(undone(&scene.gus, 2)).await.unwrap();
    assert!(matches!(&guest, Resolved::NotEntitled { detail } if detail.contains("operator")));
    let waiting = running.resolve(undone(&scene.olga, 1)).await.unwrap();
    assert_eq!(waiting, Resolved::NotQuarantined);
    assert_eq!(running.resolve(undone(&scene.olga, 9)).await.unwrap(), Resolved::UnknownEffect);
    assert_eq!(scene.fence(&reader, &tree), Some(FenceState::Stuck));
    let told = reader.stamps(None, stamps, 100).unwrap();
    assert!(told.iter().all(|it| it.kind != "resolved"), "{told:?}");

    assert_eq!(running.resolve(undone(&scene.olga, 2)).await.unwrap(), Resolved::Taken);
    let again = scene.olga.resolve(key_of(2), Resolution::Accepted);
    let (resolution, by) = (Resolution::Undone, "olga".to_owned());
    assert_eq!(running.resolve(again).await.unwrap(), Resolved::Already { resolution, by });
    running.stop().await;
    assert_eq!(scene.calls.load(Ordering::SeqCst), 1);
}
