namespace Portal.Web.Hosting;

/// <summary>Where the portal keeps files of its own: the SQLite database and, in Development, the sandbox's certificate.</summary>
public static class DataDirectory
{
    /// <summary>The configuration key that names the directory.</summary>
    public const string Key = "Portal:DataDirectory";

    /// <summary>The directory as an absolute path: what <see cref="Key"/> says, otherwise <c>.portal</c> beside the solution when run from a checkout, otherwise <c>.portal</c> in the working directory.</summary>
    public static string Of(IConfiguration configuration)
    {
        if (configuration[Key] is { Length: > 0 } configured)
            return Path.GetFullPath(configured);
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "Portal.sln")))
                return Path.Combine(directory.FullName, ".portal");
        return Path.GetFullPath(".portal");
    }
}
