"""GitLab's answers, made from what the sandbox forge remembers."""
