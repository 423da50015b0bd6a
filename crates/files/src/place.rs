//! Under which name a database keeps its objects.

use crate::Files;
use kernel::Id;
use store::{StoreError, Tx, params, statements};

statements! {
    CLAIM = "INSERT INTO files_place (place, name) VALUES (1, $1) ON CONFLICT (place) DO NOTHING";
    NAME = "SELECT name FROM files_place";
}

impl Files {
    /// The part of the storage that is this database's: chosen once, by whoever asks first.
    pub(crate) async fn place(&self) -> Result<&str, StoreError> {
        let inner = &self.inner;
        let name = Id::<Self>::new(inner.clock.now(), &inner.rng).to_string();
        let find = || {
            inner.db.write(move |tx: &mut Tx<'_>| {
                tx.execute(CLAIM, params![&name])?;
                tx.query_one(NAME, &[], |row| row.get::<String>(0))
            })
        };
        inner.place.get_or_try_init(find).await.map(String::as_str)
    }
}
