"""The cluster: connect, plan, apply, wait with a diagnosis, reach into pods, check, and roll back."""

from runbook.kubernetes.api import Refusal
from runbook.kubernetes.applying import apply
from runbook.kubernetes.checks import reachability_check, rollout_checks
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.connection import connect
from runbook.kubernetes.diagnosis import diagnose
from runbook.kubernetes.forward import port_forward
from runbook.kubernetes.inventory import list_nodes, list_pods, list_storage_classes
from runbook.kubernetes.known import SECTIONS, Diagnosis
from runbook.kubernetes.manifests import Manifest, load_manifests
from runbook.kubernetes.metrics import MemoryUsage, PodMetrics, node_metrics, pod_memory, pod_metrics
from runbook.kubernetes.planning import Change, Plan, plan
from runbook.kubernetes.pods import PodResult, exec_in_pod, run_once
from runbook.kubernetes.removal import Removal, rollback, rollback_plan
from runbook.kubernetes.rollout import Rollout, wait_for_rollout

__all__ = [
    "SECTIONS",
    "Change",
    "Cluster",
    "Diagnosis",
    "Manifest",
    "MemoryUsage",
    "Plan",
    "PodMetrics",
    "PodResult",
    "Refusal",
    "Removal",
    "Rollout",
    "apply",
    "connect",
    "diagnose",
    "exec_in_pod",
    "list_nodes",
    "list_pods",
    "list_storage_classes",
    "load_manifests",
    "node_metrics",
    "plan",
    "pod_memory",
    "pod_metrics",
    "port_forward",
    "reachability_check",
    "rollback",
    "rollback_plan",
    "rollout_checks",
    "run_once",
    "wait_for_rollout",
]
