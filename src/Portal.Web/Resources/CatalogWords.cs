namespace Portal.Web.Resources;

/// <summary>The words of the catalog: <c>CatalogWords.resx</c>.</summary>
public sealed class CatalogWords;
