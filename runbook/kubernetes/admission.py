"""What the API server refuses, and what it refuses a controller: the causes D01 to D15 by the server's words.

The same words come back from an apply and in the condition of a ReplicaSet that may not create its pod. Many
causes share a status code, so the text decides, never the code. `{namespace}` and `{object}` are facts that
the caller gives.
"""

from __future__ import annotations

from runbook.kubernetes.known import Known

ADMISSION: tuple[Known, ...] = (
    Known(
        "D07",
        "Namespace",
        r"because it is being terminated",
        "The namespace {namespace} is being deleted, so nothing can be created in it.",
        "Wait until it is gone: `kubectl get namespace {namespace} -o yaml` says what remains and which finalizer "
        "holds it. Then apply again.",
    ),
    Known(
        "D08",
        "Admission",
        r'admission webhook "(?P<hook>[^"]+)" denied the request:?(?P<why>.*)',
        "The admission webhook {hook} does not allow {object}: {why}",
        "Change what it objects to, or ask whoever runs it for an exception; `kubectl get "
        "validatingwebhookconfigurations,mutatingwebhookconfigurations` shows whose it is.",
    ),
    Known(
        "D08",
        "Admission",
        r'failed calling webhook "(?P<hook>[^"]+)": (?P<why>.*)',
        "The admission webhook {hook} does not answer, so the API server accepts nothing that it should judge.",
        "Bring the Service behind the webhook back; do not delete the webhook. `kubectl get "
        "validatingwebhookconfigurations,mutatingwebhookconfigurations` shows which Service that is.",
        patience_s=30.0,
    ),
    Known(
        "D08",
        "Admission",
        r"ValidatingAdmissionPolicy '(?P<policy>[^']+)'.*denied request:?(?P<why>.*)",
        "The admission policy {policy} does not allow {object}: {why}",
        "Change what it objects to, or ask the policy's owner; `kubectl get validatingadmissionpolicy {policy}`.",
    ),
    Known(
        "D14",
        "Pod Security",
        r'violates PodSecurity "(?P<level>[^"]+)": (?P<violations>.+)',
        "The namespace {namespace} enforces the Pod Security level {level}, and the pod violates it: {violations}",
        "Add the named lines to the pod's securityContext; the manifest in manifests/ai/ has all of them. "
        "Do not loosen the namespace's label.",
    ),
    Known(
        "D10",
        "Quota",
        r"exceeded quota: (?P<quota>[^,]+), requested: (?P<requested>.+?), used: (?P<used>.+?), "
        r"limited: (?P<hard>[^\n]+)",
        "The quota {quota} of the namespace {namespace} is used up: asked for {requested}, in use {used}, "
        "allowed {hard}.",
        "See what uses it with `kubectl describe quota {quota} -n {namespace}`; then lower the limits in the "
        "target or raise the quota.",
    ),
    Known(
        "D11",
        "Quota",
        r"failed quota: (?P<quota>[^:]+): must specify (?P<missing>.+)",
        "The quota {quota} of the namespace {namespace} wants every pod to state {missing}.",
        "State the missing requests and limits in the pod, or give the namespace a LimitRange with defaults.",
    ),
    Known(
        "D12",
        "Quota",
        r"(?P<bound>m[ai][xn]imum) (?P<resource>\S+) usage per (?P<type>\w+) is (?P<value>[^,. ]+)",
        "A LimitRange in the namespace {namespace} sets the {bound} {resource} per {type} to {value}.",
        "Keep within it, or ask whoever set it: `kubectl describe limitrange -n {namespace}`.",
    ),
    Known(
        "D12",
        "Quota",
        r"(?P<resource>\S+) max limit to request ratio per (?P<type>\w+) is (?P<value>[^,. ]+)",
        "A LimitRange in the namespace {namespace} allows a {resource} limit of at most {value} times the request.",
        "Raise the request in the target: `kubectl describe limitrange -n {namespace}` shows the rule.",
    ),
    Known(
        "D13",
        "Quota",
        r"must be less than or equal to (?P<resource>\S+) limit of (?P<limit>\S+)",
        "The request for {resource} is above the limit of {limit}; where the manifest states no limit, a "
        "LimitRange of the namespace {namespace} put it in.",
        "Write the limit out in the target, at least as high as the request.",
    ),
    Known(
        "D15",
        "Configuration",
        r"error looking up service account (?P<account>[^\s:]+):",
        "The pod's ServiceAccount {account} does not exist.",
        "Create it, or drop `serviceAccountName` from the manifest: Ollama needs none.",
    ),
    Known(
        "D15",
        "Configuration",
        r"no PriorityClass with name (?P<name>\S+) was found",
        "The pod's PriorityClass {name} does not exist.",
        "Create it, or drop `priorityClassName` from the manifest.",
    ),
    Known(
        "D04",
        "Apply",
        r"rollingUpdate: Forbidden: may not be specified when strategy",
        "{object} was made with the strategy RollingUpdate, whose settings are in the way of Recreate.",
        "Change the strategy in one step, which keeps everything else: `kubectl patch deployment ollama "
        '-n {namespace} --type merge -p \'{{"spec":{{"strategy":{{"type":"Recreate","rollingUpdate":null}}}}}}\'`.',
    ),
    Known(
        "D05",
        "Storage",
        r"field can not be less than",
        "The volume would shrink, and a claim can only grow.",
        "Keep the size it has (`kubectl get pvc -n {namespace}`) in the target; do not re-create the claim for it, "
        "the models are on it.",
    ),
    Known(
        "D05",
        "Storage",
        r"only dynamically provisioned pvc can be resized",
        "The storage class of the volume cannot make it larger.",
        "Keep the size it has (`kubectl get pvc -n {namespace}`) in the target, or move the models to a second claim.",
    ),
    Known(
        "D03",
        "Storage",
        r"PersistentVolumeClaim.*spec is immutable after creation",
        "{object} exists with another size, class or access mode, which cannot be changed like this.",
        "Put the values it has (`kubectl get pvc -n {namespace} -o yaml`) into the target. To move to another "
        "class, make a second claim and copy the models; deleting the claim deletes them.",
    ),
    Known(
        "D03",
        "Apply",
        r"(?P<field>[\w.\[\]]+): Invalid value: .*field is immutable",
        "The field {field} of {object} cannot be changed once it is set.",
        "Re-create only this object (`kubectl delete deployment ollama -n {namespace}` keeps the claim and its "
        "models), then apply again.",
    ),
    Known(
        "D03",
        "Apply",
        r"(?P<field>[\w.\[\]]+): Invalid value: .*may not change once set",
        "The field {field} of {object} cannot be changed once it is set.",
        "Leave the field out of the manifest, or re-create only this object.",
    ),
    Known(
        "D09",
        "Apply",
        r'unknown field "(?P<field>[^"]+)"',
        "The manifest of {object} has a field that this cluster does not know: {field}.",
        "Correct its name; `kubectl explain` shows the fields there are.",
    ),
    Known(
        "D09",
        "Apply",
        r"(?P<field>\.[\w.\[\]]+): field not declared in schema",
        "The manifest of {object} has a field that this cluster does not know: {field}.",
        "Correct its name; `kubectl explain` shows the fields there are.",
    ),
    Known(
        "D06",
        "Apply",
        r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
        r'(?: in the namespace "(?P<where>[^"]+)")?',
        "The login {user} may not {verb} {resource}.",
        "Ask the cluster's owner for a Role that allows `{verb}` on `{resource}`; the rules that are needed are in "
        "manifests/rebuild/rbac.yaml.",
    ),
    Known(
        "D02",
        "Apply",
        r"object is being deleted",
        "{object} is being deleted, and its name is not free yet.",
        "Wait until it is gone, then apply again.",
    ),
    Known(
        "D01",
        "Apply",
        r"the object has been modified",
        "{object} was changed by somebody else at the same moment.",
        "Apply again; nothing is wrong.",
        patience_s=30.0,
    ),
)
