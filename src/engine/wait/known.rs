use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::said::{Said, is_current, summary};
use crate::engine::run::{Run, Tally};
use crate::event::{Event, WorkloadState};
use crate::object::{Object, ObjectId, Packed, Snapshot};
use crate::plan::{Layer, Placed};
use crate::readiness::{self, Assessment, Status, Waiting};

/// What is known of all that is waited for.
pub(super) struct Known<'a> {
    rows: Vec<Row<'a>>,
    /// Where each object is in the rows.
    places: BTreeMap<ObjectId, usize>,
    /// The places of those that are not ready, and of those that have failed.
    unready: BTreeSet<usize>,
    failed: BTreeSet<usize>,
    /// What has changed, until it is known of which objects it speaks; and the places of these, until they are judged.
    changed: BTreeMap<Arc<ObjectId>, Packed>,
    due: BTreeSet<usize>,
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

/// What was seen at one moment, since the wait began, and what was applied by then.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) time: Duration,
    pub(super) tally: &'a Tally,
}

impl<'a> Known<'a> {
    pub(super) fn nothing_of(objects: &[&'a Placed]) -> Self {
        let row = |placed: &&'a Placed| Row { placed, id: placed.object.id(), assessment: None, said: None };
        let rows: Vec<Row<'a>> = objects.iter().map(row).collect();
        let places = rows.iter().enumerate().map(|(place, row)| (row.id.clone(), place)).collect();
        let unready = (0..rows.len()).collect();
        let (failed, changed, due) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        Self { rows, places, unready, failed, changed, due, waiting: Waiting::new() }
    }

    /// Keeps in mind what has changed, and judges at once those that have become ready, or are not ready any more: each says
    /// so itself, which takes no look at anything else. Says which they are.
    pub(super) fn note(
        &mut self,
        moment: Moment<'_>,
        snapshot: &mut Snapshot,
        changed: Vec<Packed>,
    ) -> BTreeSet<usize> {
        let mut judged = BTreeSet::new();
        for object in changed {
            if let Some(place) = self.places.get(object.id()).copied() {
                let live = snapshot.get(object.id());
                let is_ready = live.is_some_and(|live| readiness::status(live).status == Status::Current);
                if is_ready || self.rows[place].is_current() {
                    self.judge(moment, snapshot, place);
                    judged.insert(place);
                }
                snapshot.pack();
            }
            self.changed.insert(object.id().clone(), object);
        }
        judged
    }

    /// Has those judged that may be otherwise although nothing has changed: a grace may have run out, or a quota been raised.
    /// Says how many.
    pub(super) fn let_time_pass(&mut self) -> u32 {
        let moves = |place: &&usize| self.rows[**place].moves_with_time();
        self.due.extend(self.unready.iter().filter(moves));
        u32::try_from(self.due.len()).unwrap_or(u32::MAX)
    }

    /// Judges those of which a change speaks, `most` at a time, so that one that becomes ready meanwhile need not wait for
    /// thousands. Says which they are.
    pub(super) fn judge_due(
        &mut self,
        moment: Moment<'_>,
        snapshot: &mut Snapshot,
        most: usize,
    ) -> BTreeSet<usize> {
        for _ in 0..most {
            let Some((_, object)) = self.changed.pop_first() else { break };
            let concerned = snapshot.spoken_of(&object.unpack());
            self.due.extend(concerned.iter().filter_map(|id| self.places.get(id)));
            snapshot.pack();
        }
        let mut judged = BTreeSet::new();
        while judged.len() < most
            && let Some(place) = self.due.pop_first()
        {
            self.judge(moment, snapshot, place);
            snapshot.pack();
            judged.insert(place);
        }
        judged
    }

    fn judge(&mut self, Moment { time, tally }: Moment<'_>, snapshot: &Snapshot, place: usize) {
        let row = &mut self.rows[place];
        let live = snapshot.get(&row.id).filter(|live| tally.has_applied(live));
        row.assessment = live.map(|live| self.waiting.look(time, live, snapshot));
        let is_in = [(&mut self.unready, !row.is_current()), (&mut self.failed, row.has_failed())];
        for (places, is_in) in is_in {
            if is_in {
                places.insert(place)
            } else {
                places.remove(&place)
            };
        }
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
        self.unready.is_empty()
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Whether one is in the cluster, and not ready.
    pub(super) fn is_waiting(&self) -> bool {
        self.unready().any(Row::is_known)
    }

    /// Whether a change speaks of one that is not judged yet.
    pub(super) fn is_behind(&self) -> bool {
        !self.changed.is_empty() || !self.due.is_empty()
    }

    pub(super) fn unready(&self) -> impl Iterator<Item = &Row<'a>> {
        self.unready.iter().map(|place| &self.rows[*place])
    }
}

impl Row<'_> {
    pub(super) fn is_known(&self) -> bool {
        self.assessment.is_some()
    }

    pub(super) fn is_current(&self) -> bool {
        is_current(self.assessment.as_ref())
    }

    fn has_failed(&self) -> bool {
        self.assessment.as_ref().is_some_and(|assessment| assessment.failed)
    }

    /// Whether it may be judged otherwise although nothing has changed that speaks of it: a trouble lasts, and what is applied
    /// is known to be a moment after it is seen.
    fn moves_with_time(&self) -> bool {
        self.assessment.as_ref().is_none_or(|assessment| assessment.trouble.is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::testing::object;

    fn web(number: usize, ready: u32) -> Object {
        let status = json!({
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": ready, "availableReplicas": ready,
            "conditions": [{"type": "Available", "status": if ready == 1 { "True" } else { "False" }}],
        });
        let more = json!({
            "metadata": {"generation": 1, "resourceVersion": "1", "uid": format!("uid-{number}")},
            "spec": {"replicas": 1}, "status": status,
        });
        object("apps/v1", "Deployment", &format!("web-{number:04}"), Some("shop"), &more)
    }

    /// What is waited for and was applied, and what is seen of it.
    struct Shop {
        placed: Vec<Placed>,
        tally: Tally,
        snapshot: Snapshot,
        /// Since the wait began.
        time: Duration,
    }

    impl Shop {
        fn of(count: usize) -> Self {
            let objects: Vec<Object> = (0..count).map(|number| web(number, 0)).collect();
            let tally = Tally::default();
            objects.iter().for_each(|object| tally.remember(object.id(), object));
            let placed = objects.into_iter().map(Placed::from).collect();
            Self { placed, tally, snapshot: Snapshot::default(), time: Duration::ZERO }
        }

        /// Shows these to who waits; they are the ones that are judged at once.
        fn show(&mut self, known: &mut Known<'_>, objects: &[Object]) -> Vec<usize> {
            let changed: Vec<Packed> = objects.iter().map(Packed::from).collect();
            changed.iter().for_each(|packed| self.snapshot.insert(packed.clone()));
            let moment = Moment { time: self.time, tally: &self.tally };
            known.note(moment, &mut self.snapshot, changed).into_iter().collect()
        }

        fn judge_due(&mut self, known: &mut Known<'_>, most: usize) -> usize {
            let moment = Moment { time: self.time, tally: &self.tally };
            known.judge_due(moment, &mut self.snapshot, most).len()
        }
    }

    /// The wait for all of them, before anything is seen.
    fn waiting(placed: &[Placed]) -> Known<'_> {
        Known::nothing_of(&placed.iter().collect::<Vec<_>>())
    }

    #[test]
    fn one_of_a_thousand_that_becomes_ready_waits_for_none_of_the_others() {
        let mut shop = Shop::of(1000);
        let placed = std::mem::take(&mut shop.placed);
        let mut known = waiting(&placed);
        let all: Vec<Object> = (0..1000).map(|number| web(number, 0)).collect();
        assert_eq!(shop.show(&mut known, &all), [0; 0]);
        assert_eq!(shop.show(&mut known, &[web(999, 1)]), [999]);
        assert_eq!((known.unready().count(), known.is_behind()), (999, true));
        let mut judged = 0;
        while known.is_behind() {
            let portion = shop.judge_due(&mut known, 64);
            assert!(portion <= 64, "{portion}");
            judged += portion;
        }
        assert_eq!(judged, 1000);
        assert!(known.unready().all(Row::is_known) && !known.is_ready());
    }

    #[test]
    fn one_that_is_not_ready_any_more_is_known_at_once() {
        let mut shop = Shop::of(1);
        let placed = std::mem::take(&mut shop.placed);
        let mut known = waiting(&placed);
        assert!(!known.is_ready());
        assert_eq!((shop.show(&mut known, &[web(0, 1)]), known.is_ready()), (vec![0], true));
        assert_eq!((shop.show(&mut known, &[web(0, 0)]), known.is_ready()), (vec![0], false));
        assert_eq!((shop.show(&mut known, &[web(0, 1)]), known.is_ready()), (vec![0], true));
        let gone = shop.snapshot.remove(&placed[0].object.id()).unwrap();
        let moment = Moment { time: Duration::ZERO, tally: &shop.tally };
        assert_eq!(known.note(moment, &mut shop.snapshot, vec![gone]), BTreeSet::from([0]));
        assert!(!known.is_ready() && !known.is_waiting());
    }

    #[test]
    fn time_moves_those_with_a_trouble_and_those_that_are_not_known_yet() {
        let mut shop = Shop::of(2);
        let placed = std::mem::take(&mut shop.placed);
        let mut known = waiting(&placed);
        assert_eq!(known.let_time_pass(), 2);
        shop.show(&mut known, &[web(0, 0), web(1, 1)]);
        while known.is_behind() {
            shop.judge_due(&mut known, 1);
        }
        let troubles = known.unready().filter(|row| row.moves_with_time()).count();
        assert_eq!(usize::try_from(known.let_time_pass()).unwrap(), troubles);
        assert!(known.unready().all(|row| row.id.name == "web-0000"));
    }

    #[test]
    fn one_that_had_failed_and_is_mended_when_it_is_judged_again_has_not_failed() {
        let mut shop = Shop::of(1);
        let placed = std::mem::take(&mut shop.placed);
        let mut known = waiting(&placed);
        let refused = |generation: u32| {
            let message = "pods \"web-x\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=8, limited: pods=8";
            let condition = json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message});
            let more = json!({
                "metadata": {"generation": generation, "resourceVersion": "1", "uid": "uid-0"},
                "spec": {"replicas": 1},
                "status": {"observedGeneration": generation, "conditions": [condition]},
            });
            object("apps/v1", "Deployment", "web-0000", Some("shop"), &more)
        };
        shop.show(&mut known, &[refused(1)]);
        shop.judge_due(&mut known, 1);
        shop.time = Duration::from_mins(1);
        known.let_time_pass();
        shop.judge_due(&mut known, 1);
        assert!(known.has_failed());
        // It was applied anew, which gives it a new chance.
        shop.show(&mut known, &[refused(2)]);
        assert!(known.has_failed() && known.is_behind());
        shop.judge_due(&mut known, usize::MAX);
        assert!(!known.has_failed() && !known.is_ready());
    }
}
