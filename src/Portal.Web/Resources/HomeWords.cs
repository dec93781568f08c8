namespace Portal.Web.Resources;

/// <summary>The words of the home page: <c>HomeWords.resx</c>.</summary>
public sealed class HomeWords;
