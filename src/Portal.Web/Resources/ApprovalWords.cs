namespace Portal.Web.Resources;

/// <summary>The words of deciding: <c>ApprovalWords.resx</c>.</summary>
public sealed class ApprovalWords;
