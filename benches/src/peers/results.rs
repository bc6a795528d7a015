//! Handles that yield results, as handles that yield values.

use std::fmt::Debug;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Yields the value of a result.
pub(crate) struct Expect<F>(pub(crate) F);

impl<F, T, E> Future for Expect<F>
where
    F: Future<Output = Result<T, E>> + Unpin,
    E: Debug,
{
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.expect("the closure returns"))
    }
}
