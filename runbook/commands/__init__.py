"""The verbs of the command line, one module each: a thin layer over a call that a notebook can make too.

What is heavy to import (papermill, kubernetes, rich) is imported inside the verbs, so that help is instant.
"""
