use std::sync::Arc;

/// What may be done later. A callback of the framework belongs to the row or page that made it and ends with it; a question or an
/// undo outlives both.
pub struct Later<T>(Arc<dyn Fn(T) + Send + Sync>);

impl<T> Later<T> {
    pub fn new(work: impl Fn(T) + Send + Sync + 'static) -> Self {
        Later(Arc::new(work))
    }

    pub fn run(&self, with: T) {
        (self.0)(with);
    }
}

impl<T> Clone for Later<T> {
    fn clone(&self) -> Self {
        Later(Arc::clone(&self.0))
    }
}
