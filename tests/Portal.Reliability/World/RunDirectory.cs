namespace Portal.Reliability.World;

/// <summary>Where a run puts its files: in memory where that is possible, since what is waited for is not the disk. Kept when something was found.</summary>
internal sealed class RunDirectory
{
    private RunDirectory(string path) => Path = path;

    public string Path { get; }

    public static RunDirectory Make() => new(Directory.Exists("/dev/shm")
        ? Directory.CreateDirectory($"/dev/shm/portal-reliability-{Guid.NewGuid():N}").FullName
        : Directory.CreateTempSubdirectory("portal-reliability-").FullName);

    public void Close(bool keep)
    {
        if (keep)
            Console.WriteLine($"The workers' logs and databases are kept in {Path}");
        else
            Directory.Delete(Path, recursive: true);
    }
}
