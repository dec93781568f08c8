using System.Text;

namespace Portal.Core.Audit.Sealing;

/// <summary>The file that keeps the signing key: readable by the portal's account only.</summary>
public sealed class SigningKeyFile(SealingOptions options)
{
    private string Next => options.SigningKeyFile + ".next";

    /// <summary>The key of the log.</summary>
    /// <param name="inUse">The public key that the log is signed with; null when it has none yet.</param>
    /// <returns>Null when there is no file.</returns>
    /// <exception cref="SealingException">The file holds another key, or none: <see cref="SealingProblem.KeyChanged"/>.</exception>
    public SigningKey? Load(string? inUse)
    {
        var key = Read(options.SigningKeyFile);
        if (inUse is null || key?.Verifier.ToString() == inUse)
            return key;
        // A rotation that was cut off after it was signed, and before the new key took the old one's place.
        if (Read(Next) is { } next && next.Verifier.ToString() == inUse)
        {
            Adopt(next);
            return next;
        }

        // Whoever changes keys may have done that between the two reads.
        key = Read(options.SigningKeyFile);
        return key is null || key.Verifier.ToString() == inUse ? key : throw new SealingException(SealingProblem.KeyChanged, $"{options.SigningKeyFile} holds the key {key.Verifier}, and the log is signed with {inUse}. Put the log's key back; to change keys use 'dotnet Portal.Web.dll audit rotate-key'.");
    }

    /// <summary>Makes the first key.</summary>
    public SigningKey Create()
    {
        var key = SigningKey.Create(options.Origin);
        Write(options.SigningKeyFile, key);
        return key;
    }

    /// <summary>Makes the key that is to follow and lays it beside the one in use.</summary>
    public SigningKey Prepare()
    {
        if (File.Exists(Next))
            File.Delete(Next);
        var key = SigningKey.Create(Read(options.SigningKeyFile)?.Verifier.Name ?? options.Origin);
        Write(Next, key);
        return key;
    }

    /// <summary>The key that was prepared takes the place of the one in use.</summary>
    /// <param name="next">That key.</param>
    /// <exception cref="FileNotFoundException">It is not there any more.</exception>
    /// <exception cref="SealingException">Another one lies there: <see cref="SealingProblem.KeyChanged"/>.</exception>
    public void Adopt(SigningKey next)
    {
        // Another change of keys may have laid its own there since.
        if (Read(Next) is { } there && !there.Verifier.Equals(next.Verifier))
            throw new SealingException(SealingProblem.KeyChanged, $"{Next} holds the key {there.Verifier}, and the log is signed with {next.Verifier}: two changes of keys ran at once. Put the log's key at {options.SigningKeyFile}.");
        try
        {
            File.Move(Next, options.SigningKeyFile, overwrite: true);
        }
        catch (FileNotFoundException) when (next.Verifier.Equals(Read(options.SigningKeyFile)?.Verifier))
        {
            // Somebody else has done it: a portal that looked for its key since the log was signed with it (Load), or whoever changes keys.
        }
    }

    private static void Write(string path, SigningKey key)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, how);
        file.Write(Encoding.ASCII.GetBytes(key.ToPrivateText() + "\n"));
        file.Flush(flushToDisk: true);
    }

    private static SigningKey? Read(string path)
    {
        try
        {
            return SigningKey.Parse(File.ReadAllText(path)) ?? throw new SealingException(SealingProblem.KeyChanged, $"{path} holds no signing key. Put the log's key back.");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SealingException(SealingProblem.KeyMissing, $"The signing key cannot be read: {fault.Message}", fault);
        }
    }
}
