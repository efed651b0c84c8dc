"""All documents of one court in one language: values of the domain in, PDF/A bytes out."""

from __future__ import annotations

from pathlib import Path

from sopti_runner.adapters.render import approval_sheet, console_slip, minutes, recap, recovery_kit
from sopti_runner.adapters.render.typst_pdf import pdf
from sopti_runner.domain.approval_sheet import ApprovalSheet
from sopti_runner.domain.console_slip import ConsoleSlip
from sopti_runner.domain.minutes import Minutes
from sopti_runner.domain.recap import RecapPage
from sopti_runner.domain.recovery_kit import RecoveryKit
from sopti_runner.domain.words import Words


class TypstDocuments:
    """Makes documents from the templates of one folder.

    Args:
        templates: The folder ``reports/`` of the installation, or a court's edited copy of it.
        words: Language of the documents.
    """

    def __init__(self, templates: Path, words: Words) -> None:
        self._templates, self._words = templates, words

    def approval_sheet_pdf(self, sheet: ApprovalSheet) -> bytes:
        """Give the Lembar Persetujuan, one page A4; ReportError when it can't be made."""
        data = approval_sheet.view(sheet, self._words)
        return pdf(self._templates, approval_sheet.TEMPLATE, data, self._words, sheet.made_at)

    def recap_pdf(self, page: RecapPage) -> bytes:
        """Give the recap, one page A4; ``page.encode()`` is the data file whose digest it prints."""
        return pdf(self._templates, recap.TEMPLATE, recap.view(page, self._words), self._words, page.made_at)

    def minutes_pdf(self, held: Minutes) -> bytes:
        """Give the Berita Acara Pelaksanaan, one page A4."""
        return pdf(self._templates, minutes.TEMPLATE, minutes.view(held, self._words), self._words, held.made_at)

    def recovery_kit_pdf(self, kit: RecoveryKit) -> bytes:
        """Give the recovery kit, one page A4, password included."""
        data = recovery_kit.view(kit, self._words)
        return pdf(self._templates, recovery_kit.TEMPLATE, data, self._words, kit.made_at)

    def console_slip_pdf(self, slip: ConsoleSlip) -> bytes:
        """Give the slip for the envelope of a host's console, one page A4, password included."""
        data = console_slip.view(slip, self._words)
        return pdf(self._templates, console_slip.TEMPLATE, data, self._words, slip.made_at)
