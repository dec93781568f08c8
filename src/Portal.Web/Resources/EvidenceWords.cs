namespace Portal.Web.Resources;

/// <summary>The words of the summary in an evidence pack.</summary>
public sealed class EvidenceWords;
