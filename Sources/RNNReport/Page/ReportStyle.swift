/// The style sheet of the report: one column on a narrow screen, two on a wide one, black on white in print.
enum ReportStyle {
  static let css = """

    :root { color-scheme: light; }
    * { box-sizing: border-box; }
    body { margin: 0; background: #fff; color: #1a1a1a;
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
    main { max-width: 1200px; margin: 0 auto; padding: 20px 24px 60px; }
    h1 { font-size: 28px; line-height: 1.2; margin: 8px 0 6px; }
    h2 { font-size: 20px; margin: 44px 0 4px; padding-top: 12px; border-top: 2px solid #1a1a1a; }
    h3 { font-size: 15px; margin: 14px 0 4px; }
    p { margin: 4px 0 10px; max-width: 76ch; }
    .lead { color: #3d3d3d; }
    .note { color: #5c5c5c; font-size: 13px; }
    .estimate { display: inline-block; border: 1px solid #a33b00; color: #a33b00; border-radius: 3px;
      font-size: 11px; font-weight: 600; padding: 0 5px; vertical-align: middle; letter-spacing: .03em; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr));
      gap: 8px 32px; align-items: start; }
    .pair .column { min-width: 0; }
    figure { margin: 8px 0 14px; }
    .scroll { overflow-x: auto; }
    svg { display: block; width: 100%; min-width: 460px; height: auto;
      font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
    .wide svg { min-width: 900px; }
    figcaption { font-size: 13px; color: #5c5c5c; margin-top: 4px; max-width: 76ch; }
    .card { border: 1px solid #c9c9c9; border-radius: 6px; padding: 12px 16px 14px; }
    .card h3 { font-size: 18px; margin: 0; }
    .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px 18px;
      margin-top: 10px; }
    .fact .name { white-space: nowrap; }
    .fact b { display: block; font-size: 24px; line-height: 1.2; font-weight: 650; }
    .fact span { font-size: 12.5px; color: #5c5c5c; display: block; line-height: 1.35; }
    .fact .estimate { display: inline-block; color: #a33b00; font-size: 11px; }
    .fact .name { color: #1a1a1a; font-weight: 600; }
    .good { color: #00664b; }
    .bad { color: #a33b00; }
    table { border-collapse: collapse; font-size: 13px; line-height: 1.4; margin: 4px 0 12px;
      font-variant-numeric: tabular-nums; }
    th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid #e2e2e2; vertical-align: top;
      text-align: left; }
    .pair table { font-size: 12.5px; }
    .pair th, .pair td { padding-right: 9px; }
    thead th { border-bottom: 1px solid #1a1a1a; vertical-align: bottom; }
    tbody th { font-weight: 400; min-width: 8.5em; }
    .num { text-align: right; white-space: nowrap; }
    tbody .long { overflow-wrap: anywhere; min-width: 24ch; white-space: normal; }
    .keys { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; margin: 6px 0; padding: 0;
      list-style: none; }
    .swatch { display: inline-block; min-width: 18px; height: 16px; line-height: 16px; text-align: center;
      font-size: 11px; border-radius: 2px; margin-right: 5px; padding: 0 3px; }
    .keys svg { display: inline-block; width: 16px; height: 16px; min-width: 16px; vertical-align: -3px;
      margin-right: 4px; }
    details { margin: 4px 0 12px; }
    summary { cursor: pointer; font-size: 13px; font-weight: 600; }
    footer { margin-top: 40px; border-top: 1px solid #c9c9c9; padding-top: 8px; }
    @media print {
      body { font-size: 11px; }
      main { max-width: none; padding: 0; }
      .scroll { overflow: visible; }
      svg, .wide svg { min-width: 0; }
      figure, .card, tr { break-inside: avoid; }
      h2, h3 { break-after: avoid; }
      details::details-content { content-visibility: visible; height: auto; }
      .swatch, rect, circle, path { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }

    """
}
