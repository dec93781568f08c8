namespace Portal.Web.Resources;

/// <summary>The words of the audit charts.</summary>
public sealed class ChartWords;
