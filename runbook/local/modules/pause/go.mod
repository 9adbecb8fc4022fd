module ollama-runbook.local/pause

go 1.26.0
