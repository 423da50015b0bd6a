use crate::StoreError;
use crate::db::Task;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

/// The way from the callers to a driver's threads.
pub struct TaskQueue {
    sender: Mutex<Option<mpsc::Sender<Box<dyn Task>>>>,
}

impl TaskQueue {
    /// The queue, and the end that threads take tasks from.
    pub fn new() -> (Self, mpsc::Receiver<Box<dyn Task>>) {
        let (sender, tasks) = mpsc::channel();
        let sender = Mutex::new(Some(sender));
        (Self { sender }, tasks)
    }

    /// Queues a task. After [`close`](Self::close) it is answered that the database is closed.
    pub fn submit(&self, task: Box<dyn Task>) {
        let sender = lock(&self.sender);
        let refused = match sender.as_ref() {
            Some(sender) => sender.send(task).err().map(|e| e.0),
            None => Some(task),
        };
        if let Some(task) = refused {
            task.finish(Err(StoreError::Unavailable(
                "the database is closed".into(),
            )));
        }
    }

    /// Takes no more tasks; the threads end once they have done those that are queued.
    pub fn close(&self) {
        lock(&self.sender).take();
    }
}

/// A lock whose holder panicked is taken all the same: nothing here is left half done.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a named thread.
pub fn spawn(
    name: String,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(run)
        .map_err(|e| StoreError::Unavailable(e.to_string()))
}
