use crate::model::{CodeId, RecordId, TplId};
use crate::repo::{uniques, used};
use crate::submit::Claims;
use std::collections::{HashMap, HashSet};
use store::{StoreError, Tx};

/// What submissions would take, if those before them had been made: nothing is taken.
#[derive(Clone, Debug, Default)]
pub struct Rehearsal {
    counts: HashMap<(String, String), i64>,
    taken: HashSet<(i64, String)>,
    /// Of the submission under way.
    counted: Vec<(String, String)>,
    wanted: Vec<(i64, String)>,
}

impl Rehearsal {
    /// Ends a submission: what it takes counts, or does not.
    pub fn end(&mut self, accepted: bool) {
        let (counted, wanted) = (
            std::mem::take(&mut self.counted),
            std::mem::take(&mut self.wanted),
        );
        if !accepted {
            return;
        }
        for of in counted {
            *self.counts.entry(of).or_default() += 1;
        }
        self.taken.extend(wanted);
    }
}

impl Claims for Rehearsal {
    fn count(
        &mut self,
        tx: &mut Tx<'_>,
        of: (TplId, CodeId),
        subject: &str,
        period: &str,
        most: i64,
    ) -> Result<bool, StoreError> {
        let name = (subject.to_owned(), period.to_owned());
        let before = used(tx, of, subject, period)?;
        let own = self.counts.get(&name).copied().unwrap_or_default();
        if before.saturating_add(own) >= most {
            return Ok(false);
        }
        self.counted.push(name);
        Ok(true)
    }

    fn take(
        &mut self,
        tx: &mut Tx<'_>,
        tpl_id: TplId,
        _: RecordId,
        values: &[(i64, String)],
    ) -> Result<Vec<i64>, StoreError> {
        let mut refused = Vec::new();
        for value in values {
            let (field_id, hash) = value;
            if self.taken.contains(value) || uniques::holder(tx, tpl_id, *field_id, hash)?.is_some()
            {
                refused.push(*field_id);
            }
        }
        self.wanted.extend_from_slice(values);
        Ok(refused)
    }
}
