"""The 39 tools by domain. Each class holds one domain's; its methods carry the tools' own names and arguments."""

from __future__ import annotations

from inspector.demo.tools.announcing import AnnouncementTools
from inspector.demo.tools.apps import AppTools
from inspector.demo.tools.executions import ExecutionTools
from inspector.demo.tools.files import FileTools
from inspector.demo.tools.flows import FlowTools
from inspector.demo.tools.generate import GenerateTools
from inspector.demo.tools.kv import KvTools
from inspector.demo.tools.logs import LogTools
from inspector.demo.tools.namespaces import NamespaceTools
from inspector.demo.tools.people import PeopleTools
from inspector.demo.tools.recovery import RecoveryTools

DOMAINS = (
    ExecutionTools,
    RecoveryTools,
    FlowTools,
    NamespaceTools,
    LogTools,
    FileTools,
    KvTools,
    GenerateTools,
    AppTools,
    PeopleTools,
    AnnouncementTools,
)
