"""The folder that Ansible is given as its only place for callback plugins."""
