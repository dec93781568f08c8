namespace Portal.Web.Resources;

/// <summary>The words of grants: <c>GrantWords.resx</c>.</summary>
public sealed class GrantWords;
