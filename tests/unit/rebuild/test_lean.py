import subprocess
import sys


def test_the_grammar_of_international_addresses_is_not_loaded() -> None:
    seen = "import runbook.rebuild, sys; print('nbformat' in sys.modules, 'lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"


def test_a_kernel_that_records_does_not_load_what_only_a_rebuild_needs() -> None:
    seen = "import runbook.record, sys; print(sorted({'nbformat', 'papermill', 'jsonschema'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
