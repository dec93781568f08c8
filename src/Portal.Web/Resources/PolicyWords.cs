namespace Portal.Web.Resources;

/// <summary>The words of the policies pages: <c>PolicyWords.resx</c>.</summary>
public sealed class PolicyWords;
