use super::look;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::lint;
use crate::plan::{Layer, Plan};

/// What runs in the cluster today, and would be cut off by a STRICT policy in these layers. Nothing is asked of the
/// cluster where they have none.
pub async fn cut_off(cluster: &Cluster, layers: &[Layer]) -> Vec<Finding> {
    let (plan, _) = Plan::of(layers.to_vec());
    if !lint::has_strict_policy(&plan) {
        return Vec::new();
    }
    let live = look::look(cluster, &plan, look::Rules::OfPlan).await;
    lint::cuts_off(&plan, &live)
}
