use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use kube::client::Body;
use tokio::sync::{Semaphore, SemaphorePermit};
use tower::{BoxError, Service};

/// Sends no more requests at once than the server takes; those that wait go in their order. A request is on its way until
/// the head of its answer is there, so that watches and port-forwards do not count for as long as they last.
///
/// A server that refuses one as too many (429, by its own limit or by API Priority and Fairness) gets half as many from
/// then on, and one more for each round of answers that it gives without: additive increase and multiplicative
/// decrease, as TCP finds the pace of a network (RFC 5681).
#[derive(Clone, Debug)]
pub(super) struct Paced<S> {
    inner: S,
    pace: Arc<Pace>,
}

#[derive(Debug)]
struct Pace {
    free: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    allowed: usize,
    /// How many of those on their way are more than is allowed by now.
    too_many: usize,
    /// The answers since `allowed` has changed.
    answered: usize,
    /// How often the server has been asked too much.
    slowed: u64,
}

/// One request on its way; another may go once it is dropped.
struct Turn<'a> {
    pace: &'a Pace,
    permit: Option<SemaphorePermit<'a>>,
    /// How often the server had been asked too much when it began.
    slowed: u64,
}

/// A server on a laptop is busy with these, and a large one counts one user's fair share in tens.
pub(super) const MOST_AT_ONCE: usize = 16;

impl<S> Paced<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, pace: Arc::new(Pace::new()) }
    }
}

impl<S, B> Service<Request<Body>> for Paced<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<B>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready is the one to be asked.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let pace = self.pace.clone();
        Box::pin(async move {
            let turn = pace.turn().await;
            let answer = inner.call(request).await?;
            turn.answered(answer.status() == StatusCode::TOO_MANY_REQUESTS);
            Ok(answer)
        })
    }
}

impl Pace {
    fn new() -> Self {
        let state = State { allowed: MOST_AT_ONCE, too_many: 0, answered: 0, slowed: 0 };
        Self { free: Semaphore::new(MOST_AT_ONCE), state: Mutex::new(state) }
    }

    /// Waits until one more may be sent.
    async fn turn(&self) -> Turn<'_> {
        // It is never closed.
        let permit = self.free.acquire().await.ok();
        Turn { pace: self, permit, slowed: self.state().slowed }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The server has answered: that it is asked too much, or anything else.
    fn answered(&self, too_much: bool) {
        let mut state = self.pace.state();
        state.answered += 1;
        // Those that are refused together are one reason to slow down, not many.
        if too_much && state.slowed == self.slowed {
            let allowed = (state.allowed / 2).max(1);
            let too_many = state.allowed - allowed;
            state.too_many += too_many - self.pace.free.forget_permits(too_many);
            (state.allowed, state.answered) = (allowed, 0);
            state.slowed += 1;
        } else if !too_much && state.answered >= state.allowed && state.allowed < MOST_AT_ONCE {
            (state.allowed, state.answered) = (state.allowed + 1, 0);
            match state.too_many {
                0 => self.pace.free.add_permits(1),
                _ => state.too_many -= 1,
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        if state.too_many > 0
            && let Some(permit) = self.permit.take()
        {
            state.too_many -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pace: &Pace) -> usize {
        pace.state().allowed
    }

    /// How many can be sent while none of them is answered.
    async fn at_once(pace: &Pace) -> usize {
        let mut turns = Vec::new();
        loop {
            let mut turn = Box::pin(tokio::task::unconstrained(pace.turn()));
            match futures::poll!(&mut turn) {
                Poll::Ready(turn) => turns.push(turn),
                Poll::Pending => return turns.len(),
            }
        }
    }

    #[tokio::test]
    async fn what_is_refused_together_halves_the_pace_once() {
        let pace = Pace::new();
        assert_eq!(at_once(&pace).await, MOST_AT_ONCE);
        let together = [pace.turn().await, pace.turn().await, pace.turn().await];
        together.iter().for_each(|turn| turn.answered(true));
        drop(together);
        assert_eq!(at_once(&pace).await, 8);
    }

    #[tokio::test]
    async fn each_round_of_answers_adds_one_up_to_the_most() {
        let pace = Pace::new();
        pace.turn().await.answered(true);
        for expected in 9..=MOST_AT_ONCE {
            for _ in 0..allowed(&pace) {
                pace.turn().await.answered(false);
            }
            assert_eq!(at_once(&pace).await, expected);
        }
        for _ in 0..100 {
            pace.turn().await.answered(false);
        }
        assert_eq!(at_once(&pace).await, MOST_AT_ONCE);
    }

    #[tokio::test]
    async fn a_server_that_takes_none_is_asked_one_at_a_time() {
        let pace = Pace::new();
        for _ in 0..10 {
            pace.turn().await.answered(true);
        }
        assert_eq!(at_once(&pace).await, 1);
    }

    #[tokio::test]
    async fn those_on_their_way_while_the_pace_is_halved_are_not_replaced() {
        let pace = Pace::new();
        let mut turns = Vec::new();
        for _ in 0..MOST_AT_ONCE {
            turns.push(pace.turn().await);
        }
        turns[0].answered(true);
        turns.truncate(8);
        assert_eq!(at_once(&pace).await, 0);
        turns.pop();
        assert_eq!(at_once(&pace).await, 1);
    }
}
