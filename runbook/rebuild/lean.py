"""Imported before anything of Jupyter, so that what no notebook needs is not loaded.

jsonschema, which nbformat imports, builds the grammar of international addresses when `rfc3987_syntax` is there:
more than a second of processor time for a format that no notebook has.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # None means: cannot be imported
