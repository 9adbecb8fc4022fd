"""The cluster: connect, plan, apply, wait with a diagnosis, reach into pods, check, and roll back."""

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.applying import apply
from runbook.kubernetes.audit import Finding, security_check
from runbook.kubernetes.boundaries import policy_check, quota_check
from runbook.kubernetes.causes.service import diagnose_service
from runbook.kubernetes.checks import reachability_check, rollout_checks
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.connection import connect
from runbook.kubernetes.diagnosis import diagnose
from runbook.kubernetes.drifting import Drift, LiveObject, drift, drifted, live_objects, recorded_objects
from runbook.kubernetes.environment import pod_environment
from runbook.kubernetes.forward import port_forward
from runbook.kubernetes.inventory import bound_volume, list_loads, list_nodes, list_pods, list_storage_classes
from runbook.kubernetes.known import SECTIONS, Diagnosis
from runbook.kubernetes.manifests import DEPLOYMENT, Manifest, load_manifests
from runbook.kubernetes.metrics import MemoryUsage, PodMetrics, node_metrics, parse_cgroup, pod_memory, pod_metrics
from runbook.kubernetes.permissions import Need, missing_permissions, permission_check
from runbook.kubernetes.planning import Change, Plan, plan
from runbook.kubernetes.pods import PodResult, exec_in_pod, run_once
from runbook.kubernetes.probing import Probed, probe_nodes
from runbook.kubernetes.quota import QuotaRoom, quota_room, require_room
from runbook.kubernetes.removal import Removal, rollback, rollback_plan
from runbook.kubernetes.rollout import Rollout, wait_for_rollout
from runbook.kubernetes.service import ready_pod
from runbook.kubernetes.surveying import placements, survey
from runbook.kubernetes.talk import talk
from runbook.kubernetes.volume import Volume, model_volume

__all__ = [
    "DEPLOYMENT",
    "SECTIONS",
    "Change",
    "Cluster",
    "Diagnosis",
    "Drift",
    "Finding",
    "LiveObject",
    "Manifest",
    "MemoryUsage",
    "Need",
    "Plan",
    "PodMetrics",
    "PodResult",
    "Probed",
    "QuotaRoom",
    "Refusal",
    "Removal",
    "Rollout",
    "Volume",
    "apply",
    "bound_volume",
    "connect",
    "diagnose",
    "diagnose_service",
    "drift",
    "drifted",
    "exec_in_pod",
    "list_loads",
    "list_nodes",
    "list_pods",
    "list_storage_classes",
    "live_objects",
    "load_manifests",
    "missing_permissions",
    "model_volume",
    "node_metrics",
    "parse_cgroup",
    "permission_check",
    "placements",
    "plan",
    "pod_environment",
    "pod_memory",
    "pod_metrics",
    "policy_check",
    "port_forward",
    "probe_nodes",
    "quota_check",
    "quota_room",
    "reachability_check",
    "ready_pod",
    "recorded_objects",
    "require_room",
    "rollback",
    "rollback_plan",
    "rollout_checks",
    "run_once",
    "security_check",
    "survey",
    "talk",
    "wait_for_rollout",
]
