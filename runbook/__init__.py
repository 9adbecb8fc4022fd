"""Runbooks that size, deploy, verify and document Ollama on a small Kubernetes cluster without GPUs."""

__version__ = "0.1.0"
