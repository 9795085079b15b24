//! Async functions as handlers: arguments are extractors, the return value becomes the outcome.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{BoxFuture, Extract, Handler, IntoOutcome, Outcome, Request, Signature};

/// Async functions of up to six extractors, and handlers themselves.
#[diagnostic::on_unimplemented(
    message = "this is not a handler",
    note = "a handler is an `async fn` whose arguments are extractors and whose result is `IntoOutcome`"
)]
pub trait IntoHandler<Arguments>: Send + Sync + 'static {
    /// The handler behind a pointer, as the bus keeps it.
    fn into_handler(self) -> Arc<dyn Handler>;
}

impl IntoHandler<()> for Arc<dyn Handler> {
    fn into_handler(self) -> Arc<dyn Handler> {
        self
    }
}

struct Typed<F, Arguments> {
    function: F,
    arguments: PhantomData<fn(Arguments)>,
}

macro_rules! typed {
    ($($name:ident),*) => {
        impl<F, R, $($name,)*> Handler for Typed<F, ($($name,)*)>
        where
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            R: Future<Output: IntoOutcome> + Send + 'static,
            $($name: Extract,)*
        {
            fn signature(&self) -> Signature {
                let mut signature = Signature::default();
                $($name::describe(&mut signature);)*
                R::Output::describe(&mut signature);
                signature
            }

            #[allow(unused_variables, non_snake_case, reason = "the arity 0 takes nothing from the request; arguments are named after their types")]
            fn call(&self, request: Request) -> BoxFuture<Outcome> {
                $(let $name = match $name::extract(&request) {
                    Ok(argument) => argument,
                    Err(failure) => return Box::pin(std::future::ready(Outcome::Failed(failure))),
                };)*
                let run = (self.function)($($name),*);
                Box::pin(async move { run.await.into_outcome() })
            }
        }

        impl<F, R, $($name,)*> IntoHandler<(R, $($name,)*)> for F
        where
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            R: Future<Output: IntoOutcome> + Send + 'static,
            $($name: Extract,)*
        {
            fn into_handler(self) -> Arc<dyn Handler> {
                Arc::new(Typed::<F, ($($name,)*)> { function: self, arguments: PhantomData })
            }
        }
    };
}

typed!();
typed!(A);
typed!(A, B);
typed!(A, B, C);
typed!(A, B, C, D);
typed!(A, B, C, D, E);
typed!(A, B, C, D, E, G);

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::event::{CloudEvent, Event};
    use crate::handler::{Attempt, Failure, FailureKind, Incoming};

    #[derive(Serialize, Deserialize)]
    struct Asked(u32);
    impl Event for Asked {
        const TYPE: &'static str = "Asked";
        const VERSION: u32 = 1;
    }
    #[derive(Serialize, Deserialize)]
    struct Told(u32);
    impl Event for Told {
        const TYPE: &'static str = "Told";
        const VERSION: u32 = 1;
    }

    async fn tell(asked: Incoming<Asked>, attempt: Attempt) -> Result<Option<Told>, Failure> {
        Ok(Some(Told(asked.0 + attempt.0)))
    }

    fn request(ty: &str, data: &'static str) -> Request {
        let event = CloudEvent::new("1", "/test", ty).unwrap().with_json(data);
        Request { event: Arc::new(event), attempt: 2, context: None }
    }

    #[tokio::test]
    async fn a_function_tells_its_types_and_runs() {
        let handler = tell.into_handler();
        let signature = handler.signature();
        assert_eq!((signature.consumes, signature.emits), (vec!["Asked"], Some(vec!["Told"])));
        let Outcome::Finished(outputs) = handler.call(request("Asked", "40")).await else {
            panic!("not finished")
        };
        assert_eq!((outputs[0].ty.as_str(), &outputs[0].data[..]), ("Told", &b"42"[..]));
    }

    #[tokio::test]
    async fn what_does_not_decode_is_structural_and_not_called() {
        for (ty, data) in [("Asked", "\"x\""), ("Other", "1")] {
            let Outcome::Failed(failure) = tell.into_handler().call(request(ty, data)).await else {
                panic!("not failed")
            };
            assert_eq!(failure.kind, FailureKind::Structural);
        }
    }
}
