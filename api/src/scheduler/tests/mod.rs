//! The scheduler over a real database file, with a queue that nobody works on: tests play the workers.

mod background;
mod bench;
mod dispatch;
mod due;
mod leader;
mod lost;
mod pick;
