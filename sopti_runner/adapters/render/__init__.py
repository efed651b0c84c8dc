"""Documents: pages for officials, made by Typst as PDF/A from the templates of ``reports``, offline."""
