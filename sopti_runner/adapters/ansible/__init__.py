"""Ansible: playbooks and roles as sealed content, and the engine that plans and applies them.

``content.AnsibleContent`` implements ``ports.Content`` and ``engine.AnsibleEngine`` implements ``ports.Engine``.
``launcher`` and ``observer_program`` run as programs of their own: the first under ansible-runner, the second on hosts.
"""
