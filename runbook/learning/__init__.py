"""Learning by doing: what a learner built in a namespace of their own, judged from the live objects.

Every function answers with checks in the order in which to build. The first that does not hold says what to look at
next, and those behind it are skipped. Nothing is changed; only names are asked for by a short pod.
"""

from runbook.learning.network import judge_name
from runbook.learning.objects import may_practise
from runbook.learning.pods import judge_probes, judge_resources
from runbook.learning.security import judge_security
from runbook.learning.storage import judge_claim, judge_stateful

__all__ = [
    "judge_claim",
    "judge_name",
    "judge_probes",
    "judge_resources",
    "judge_security",
    "judge_stateful",
    "may_practise",
]
