//! Approval of records in stages.

use super::{AuditStatus, Person};
use serde::{Deserialize, Serialize};

/// How records of a form are approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditConfig {
    /// Whether they need approval.
    pub enabled: bool,
    /// By level, from 1.
    pub stages: Vec<Stage>,
}

/// One stage of approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its id, of no other stage of the form.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// Its place, from 1.
    pub level: i64,
}

/// What a stage decided about a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The stage.
    pub stage_id: i64,
    /// Its level.
    pub level: i64,
    /// Whether it passed the record.
    pub passed: bool,
    /// What it said.
    pub reply: String,
    /// Who decided.
    pub by: Person,
    /// Unix seconds.
    pub at: i64,
}

impl AuditConfig {
    /// The first stage above a level.
    pub fn after(&self, level: i64) -> Option<&Stage> {
        let above = self.stages.iter().filter(|stage| stage.level > level);
        above.min_by_key(|stage| stage.level)
    }

    /// The stage that decides at a level; when the form has none at it any more, the next, or the last that it has.
    pub fn deciding(&self, level: i64) -> Option<&Stage> {
        let last = || self.stages.iter().max_by_key(|stage| stage.level);
        self.after(level.saturating_sub(1)).or_else(last)
    }

    /// How approval begins: the status, and the level that decides next.
    pub fn begin(&self) -> (AuditStatus, i64) {
        match self.after(0).filter(|_| self.enabled) {
            Some(stage) => (AuditStatus::Pending, stage.level),
            None => (AuditStatus::None, 0),
        }
    }
}

/// What each stage has decided about a record as it is now. Decisions about what it was before an edit do not count.
pub fn standing<'a>(
    stages: &'a [Stage],
    decisions: &'a [Decision],
    status: AuditStatus,
    level: i64,
) -> Vec<(&'a Stage, Option<&'a Decision>)> {
    let rejected_at = decisions.last().map_or(0, |decision| decision.level);
    let decided = |stage: &Stage| match status {
        AuditStatus::None => false,
        AuditStatus::Pending => stage.level < level,
        AuditStatus::Approved => true,
        AuditStatus::Rejected => stage.level <= rejected_at,
    };
    let latest = |stage: &Stage| {
        let mut own = decisions.iter().rev().filter(|d| d.stage_id == stage.id);
        own.next().filter(|_| decided(stage))
    };
    let mut stages: Vec<_> = stages.iter().map(|stage| (stage, latest(stage))).collect();
    stages.sort_by_key(|(stage, _)| stage.level);
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> AuditConfig {
        let stage = |id, level| Stage {
            id,
            title: format!("stage {id}"),
            level,
        };
        AuditConfig {
            enabled: true,
            stages: vec![stage(12, 2), stage(11, 1)],
        }
    }

    fn decision(stage_id: i64, passed: bool) -> Decision {
        Decision {
            stage_id,
            level: stage_id - 10,
            passed,
            reply: String::new(),
            by: Person::default(),
            at: 0,
        }
    }

    #[test]
    fn stages_follow_one_another_by_level() {
        let config = config();
        let id = |stage: Option<&Stage>| stage.map(|stage| stage.id);
        assert_eq!(config.begin(), (AuditStatus::Pending, 1));
        assert_eq!(id(config.deciding(1)), Some(11));
        assert_eq!(id(config.after(1)), Some(12));
        assert_eq!(id(config.after(2)), None);
        assert_eq!(id(config.deciding(3)), Some(12));
        assert_eq!(AuditConfig::default().begin(), (AuditStatus::None, 0));
        let off = AuditConfig {
            enabled: false,
            ..config
        };
        assert_eq!(off.begin(), (AuditStatus::None, 0));
    }

    #[test]
    fn decisions_from_before_an_edit_do_not_stand() {
        let config = config();
        let passed = |decisions: &[Decision], status, level| -> Vec<Option<bool>> {
            let standing = standing(&config.stages, decisions, status, level);
            standing.iter().map(|(_, d)| d.map(|d| d.passed)).collect()
        };
        let both = [decision(11, true), decision(12, true)];
        let again = [decision(11, true), decision(12, true), decision(11, false)];
        assert_eq!(
            passed(&both, AuditStatus::Approved, 0),
            [Some(true), Some(true)]
        );
        assert_eq!(passed(&both, AuditStatus::Pending, 1), [None, None]);
        assert_eq!(passed(&both, AuditStatus::Pending, 2), [Some(true), None]);
        assert_eq!(
            passed(&again, AuditStatus::Rejected, 0),
            [Some(false), None]
        );
    }
}
