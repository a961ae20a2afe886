use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::said::{Said, is_current, summary};
use crate::engine::run::{Run, Tally};
use crate::event::{Event, WorkloadState};
use crate::object::{Object, ObjectId, Packed, Snapshot};
use crate::plan::{Layer, Placed};
use crate::readiness::{self, Assessment, Waiting};

/// What is known of all that is waited for.
pub(super) struct Known<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// Where each object is in the rows.
    places: BTreeMap<ObjectId, usize>,
    waiting: Waiting,
}

/// What is known of one object.
pub(super) struct Row<'a> {
    pub(super) placed: &'a Placed,
    id: ObjectId,
    /// None while it is not in the cluster.
    pub(super) assessment: Option<Assessment>,
    /// What was last said of it: only a change is said again.
    said: Option<Said>,
}

impl<'a> Known<'a> {
    pub(super) fn nothing_of(objects: &[&'a Placed]) -> Self {
        let row = |placed: &&'a Placed| Row { placed, id: placed.object.id(), assessment: None, said: None };
        let rows: Vec<Row<'a>> = objects.iter().map(row).collect();
        let places = rows.iter().enumerate().map(|(place, row)| (row.id.clone(), place)).collect();
        Self { rows, places, waiting: Waiting::new() }
    }

    /// Judges those anew of which a change speaks, so that one that becomes ready among thousands is told at once. From time
    /// to time it is those that move without: a grace may have run out, or a quota been raised.
    pub(super) fn judge(
        &mut self,
        now: Duration,
        snapshot: &mut Snapshot,
        changed: Vec<Packed>,
        tally: &Tally,
        is_time: bool,
    ) -> BTreeSet<usize> {
        let mut due = BTreeSet::new();
        for object in changed {
            let concerned = snapshot.spoken_of(&object.unpack());
            due.extend(concerned.iter().filter_map(|id| self.places.get(id)));
            snapshot.pack();
        }
        if is_time {
            due.extend((0..self.rows.len()).filter(|place| self.rows[*place].moves_with_time()));
        }
        for place in &due {
            let row = &mut self.rows[*place];
            let live = snapshot.get(&row.id).filter(|live| tally.has_applied(live));
            row.assessment = live.map(|live| self.waiting.look(now, live, snapshot));
            snapshot.pack();
        }
        due
    }

    /// What explains nothing any more, for these rows are ready: of thousands, it is most of what would be held. A pod that is
    /// ending may still hold up others, by what it has of a quota.
    pub(super) fn spent(&self, judged: &BTreeSet<usize>, snapshot: &Snapshot) -> BTreeSet<ObjectId> {
        let ready = judged.iter().map(|place| &self.rows[*place]).filter(|row| row.is_current());
        let ready = ready.filter_map(|row| snapshot.get(&row.id));
        let mut spent: BTreeSet<ObjectId> = ready.flat_map(|live| snapshot.speaking_of(live)).collect();
        spent.retain(|id| {
            !self.places.contains_key(id) && !snapshot.get(id).is_some_and(Object::is_being_deleted)
        });
        spent
    }

    /// Says what is new of these rows.
    pub(super) fn announce(
        &mut self,
        due: &BTreeSet<usize>,
        is_told: impl Fn(&Row<'_>) -> bool,
        run: &Run<'_>,
        layer: &Layer,
    ) {
        for place in due {
            let row = &mut self.rows[*place];
            let has_pods = readiness::is_workload(&row.placed.object);
            // What has no pods is told of once it is seen: most of it is ready then, and was nothing to wait for.
            if !is_told(row) || !(row.is_known() || has_pods) {
                continue;
            }
            let now = summary(&row.id, row.assessment.as_ref());
            if row.said.as_ref() == Some(&now) {
                continue;
            }
            let Said { state, ready, wanted, reason, finding } = now.clone();
            let before = row.said.replace(now);
            // What has no pods and was ready from the start is nothing to tell of.
            if has_pods || state != WorkloadState::Ready || before.is_some() {
                let (layer, object) = (layer.name.clone(), row.id.clone());
                run.say(Event::Workload { layer, object, state, ready, wanted, reason, finding });
            }
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.rows.iter().all(Row::is_current)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.rows.iter().any(|row| row.assessment.as_ref().is_some_and(|assessment| assessment.failed))
    }
}

impl Row<'_> {
    pub(super) fn is_known(&self) -> bool {
        self.assessment.is_some()
    }

    pub(super) fn is_current(&self) -> bool {
        is_current(self.assessment.as_ref())
    }

    /// Whether it may be judged otherwise although nothing has changed that speaks of it: a trouble lasts, and what is applied
    /// is known to be a moment after it is seen.
    fn moves_with_time(&self) -> bool {
        self.assessment.as_ref().is_none_or(|assessment| assessment.trouble.is_some())
    }
}
