//! P-05: what a contract asks for beside the outputs is given, kept, and committed to; or the run is
//! refused by name.

use serde_json::{Value, json};
use wingman_core::handler::{Failure, Incoming};
use wingman_governance::audit::trace::Trace;
use wingman_governance::audit::{Account, ClaimType, Coherence, SourceIntegrity, UncertaintyLevel};
use wingman_governance::contract::{CoherenceForm, Contracts, EventContract, HandlerContract};
use wingman_governance::ledger::{Check, Reader, verify};
use wingman_governance::protocol::row::{Execution, Phase, RefusalCode};
use wingman_governance::{Governor, Mode};

use crate::world::{Asked, Told, World, asked, until_settled};

/// What the handler gives.
#[derive(Clone)]
struct Given {
    coherence: Option<Coherence>,
    artifact: Option<Value>,
}

fn fast() -> Coherence {
    Coherence::default()
        .assumption("the question is meant")
        .uncertainty(UncertaintyLevel::Medium, "it was asked in a secret hurry")
        .rollback("the answer is taken back")
        .responsibility("grace")
}

fn full() -> Coherence {
    fast()
        .claim(ClaimType::Inference)
        .source(SourceIntegrity::InternalReasoning)
        .failure_mode("the sum is wrong")
        .escalation("somebody doubts it")
}

fn contracts(form: Option<CoherenceForm>, with_artifact: bool) -> Contracts {
    let mut event = EventContract::new("Asked", 1).purpose("A question").external();
    if with_artifact {
        let schema = json!({ "type": "object", "required": ["sum"] });
        event = event.audit_artifact("working", schema);
    }
    let told = EventContract::new("Told", 1).purpose("An answer").producer("answerer");
    let declined = EventContract::new("Declined", 1).purpose("None").producer("answerer");
    let handler = HandlerContract::new("answerer")
        .mission("Answer")
        .consumes("Asked")
        .emits("Told")
        .emits("Declined")
        .refusal("Declined");
    let handler = HandlerContract { coherence: form, ..handler };
    let builder = Contracts::builder().event(event).event(told).event(declined);
    builder.handler(handler).build().unwrap()
}

/// What came of one question: the execution, its tree, and the types that it sent.
struct Came {
    world: World,
    execution: Execution,
    trace: Trace,
    types: Vec<String>,
    stamps: Vec<String>,
}

async fn ask(contracts: Contracts, mode: Mode, given: Given) -> Came {
    let world = World::with(contracts);
    let answer = move |asked: Incoming<Asked>, account: Account| {
        let given = given.clone();
        async move {
            if let Some(coherence) = given.coherence {
                account.coherence(coherence);
            }
            if let Some(artifact) = given.artifact {
                account.artifact(&artifact)?;
            }
            Ok::<_, Failure>(Told { answer: asked.question + 1 })
        }
    };
    let running = Governor::around(world.bus(), &world.url())
        .contracts(std::sync::Arc::clone(&world.contracts))
        .mode(mode)
        .handle("answerer", answer)
        .start()
        .await
        .unwrap();
    running.publish(asked("1", 1)).await.unwrap();
    let reader: Reader = running.ledger().reader();
    crate::world::until("it ended", || !executions(&reader).is_empty()).await;
    until_settled(&reader).await;
    running.stop().await;
    let execution = executions(&reader).remove(0);
    let trace = Trace::read(&reader, &execution.tree).unwrap();
    let outbox = reader.outbox_in(&execution.tree).unwrap();
    let types = outbox.into_iter().filter(|it| it.cause.is_some()).map(|it| it.event_type);
    let stamps = reader.stamps_of(execution.id, 100).unwrap();
    Came {
        types: types.collect(),
        stamps: stamps.into_iter().map(|stamp| stamp.text).collect(),
        world,
        execution,
        trace,
    }
}

fn executions(reader: &Reader) -> Vec<Execution> {
    let trees = reader.trees(10).unwrap();
    let mut all: Vec<_> =
        trees.iter().flat_map(|tree| reader.executions_in(tree).unwrap()).collect();
    all.retain(|it| it.phase.is_outcome());
    all
}

impl Came {
    /// Fails unless it was refused by P-05 with exactly these words, and told of it.
    #[track_caller]
    fn refused_because(&self, why: &str) {
        assert_eq!(self.execution.phase, Phase::Refused { code: RefusalCode::Audit });
        assert_eq!(self.execution.refusal.as_deref(), Some(why));
        assert_eq!(self.types, ["Declined"], "an answer that nobody accounts for does not leave");
        let refused = self.stamps.iter().find(|text| text.contains("\nkind refused\n")).unwrap();
        assert!(refused.contains("\ncode P-05\n") && !refused.contains("coherence"), "{refused}");
    }

    fn finish(&self) -> &str {
        let finished = |text: &&String| text.contains("\nkind finished\n");
        self.stamps.iter().find(finished).unwrap()
    }
}

const NOTHING: Given = Given { coherence: None, artifact: None };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_is_kept_and_the_stamp_commits_to_it() {
    let working = json!({ "sum": "1 + 1, in secret" });
    let given = Given { coherence: Some(full()), artifact: Some(working.clone()) };
    let came = ask(contracts(Some(CoherenceForm::Full), true), Mode::Enforce, given).await;
    assert_eq!((&came.execution.phase, &came.types[..]), (&Phase::Finished, &["Told".into()][..]));
    let words = "\ncoherence full claim=inference uncertainty=medium source=internal_reasoning ";
    assert!(came.finish().contains(words), "{}", came.finish());
    assert!(came.finish().contains("\nartifact working "), "{}", came.finish());
    for text in &came.stamps {
        assert!(
            !text.contains("secret") && !text.contains("grace"),
            "free text in a stamp: {text}"
        );
    }
    let node = came.trace.executions()[0];
    assert_eq!(node.coherence.as_ref().unwrap().coherence, full());
    let artifact = node.artifact.as_ref().unwrap();
    assert_eq!((artifact.name.as_str(), &artifact.document), ("working", &working));

    // Whoever changes a text breaks what its stamp commits to; so does who removes it.
    let url = came.world.url();
    assert!(verify(&url, None).unwrap().is_sound());
    let database = rusqlite::Connection::open(came.world.folder.path().join("ledger.db")).unwrap();
    for change in [
        "UPDATE evidence SET body = replace(body, 'secret hurry', 'secret calm')",
        "UPDATE evidence SET body = replace(body, '1 + 1', '1 + 2')",
        "DELETE FROM evidence",
    ] {
        database.execute_batch("SAVEPOINT whole").unwrap();
        assert_eq!(database.execute(change, ()).unwrap(), 1);
        database.execute_batch("RELEASE whole").unwrap();
        let found = verify(&url, None).unwrap();
        assert!(!found.holds(Check::Story) && found.holds(Check::Tree), "{change}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_refuses_the_run_and_is_named() {
    let full_form = || contracts(Some(CoherenceForm::Full), false);
    ask(full_form(), Mode::Enforce, NOTHING)
        .await
        .refused_because("answerer gives no coherence, and its contract asks for full");
    let half = Given { coherence: Some(fast()), artifact: None };
    ask(full_form(), Mode::Enforce, half.clone()).await.refused_because(
        "the full coherence of answerer lacks claim, source_integrity, failure_modes, escalation",
    );
    let came = ask(contracts(Some(CoherenceForm::Fast), false), Mode::Enforce, half).await;
    assert!(came.finish().contains("\ncoherence fast uncertainty=medium "), "{}", came.finish());
    let vague = Given { coherence: Some(fast().rollback(" ")), artifact: None };
    ask(contracts(Some(CoherenceForm::Fast), false), Mode::Enforce, vague)
        .await
        .refused_because("the fast coherence of answerer lacks rollback");
    let long = Given { coherence: Some(fast().assumption("x".repeat(20_000))), artifact: None };
    let came = ask(contracts(Some(CoherenceForm::Fast), false), Mode::Enforce, long).await;
    let why = came.execution.refusal.clone().unwrap();
    assert!(why.starts_with("the coherence of answerer has 20"), "{why}");
    came.refused_because(&why);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_artifact_is_handed_in_and_right_or_the_run_is_refused() {
    ask(contracts(None, true), Mode::Enforce, NOTHING)
        .await
        .refused_because("answerer hands in no working, and event Asked asks for it");
    let wrong = Given { coherence: None, artifact: Some(json!({ "total": 2 })) };
    ask(contracts(None, true), Mode::Enforce, wrong.clone()).await.refused_because(
        "the working of answerer breaks its schema at its root: \"sum\" is a required property",
    );
    ask(contracts(Some(CoherenceForm::Fast), true), Mode::Enforce, wrong).await.refused_because(
        "answerer gives no coherence, and its contract asks for fast; the working of answerer \
         breaks its schema at its root: \"sum\" is a required property",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_contract_asks_for_is_not_kept() {
    let given = Given { coherence: Some(full()), artifact: Some(json!({ "sum": 2 })) };
    let came = ask(contracts(None, false), Mode::Enforce, given).await;
    assert_eq!(came.execution.phase, Phase::Finished);
    let node = came.trace.executions()[0];
    assert_eq!((&node.coherence, &node.artifact), (&None, &None));
    assert!(!came.finish().contains("coherence") && !came.finish().contains("artifact"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observed_what_is_missing_is_stamped_and_the_answer_leaves() {
    let half = Given { coherence: Some(fast()), artifact: None };
    let came = ask(contracts(Some(CoherenceForm::Full), true), Mode::Observe, half).await;
    assert_eq!((&came.execution.phase, &came.types[..]), (&Phase::Finished, &["Told".into()][..]));
    let would: Vec<_> = came
        .execution
        .would_refuse
        .iter()
        .map(|it| (it.code.as_str(), it.about.as_str()))
        .collect();
    assert_eq!(would, [("P-05", "answerer"), ("P-05", "Asked")]);
    assert!(came.execution.would_refuse[0].detail.contains("lacks claim"));
    let stamped = came.stamps.iter().filter(|text| text.contains("\nkind would_refuse\n")).count();
    assert_eq!(stamped, 2);
    assert!(verify(&came.world.url(), None).unwrap().is_sound());
}
